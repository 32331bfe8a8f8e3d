# SPDX-License-Identifier: Apache-2.0
"""client: one visit of python-tuf. Usage: client.py METADATA_FOLDER URL TARGET_FOLDER [TARGET…]
METADATA_FOLDER/root.json is what is trusted. Exit 0: everything was verified."""
import sys

from tuf.ngclient import Updater

metadata, url, folder, *targets = sys.argv[1:]
try:
    updater = Updater(metadata_dir=metadata, metadata_base_url=url + "/", target_dir=folder,
                      target_base_url=url + "/targets/", bootstrap=None)
    updater.refresh()
    for name in targets:
        info = updater.get_targetinfo(name)
        if info is None:
            raise LookupError(f"no target '{name}'")
        updater.download_target(info)
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)
