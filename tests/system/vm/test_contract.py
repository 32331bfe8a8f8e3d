# SPDX-License-Identifier: Apache-2.0
"""The contract of every executor (tests/system/executor-contract), run over the `vm` executor with two real domains. An argument names the access: ssh or agent."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "support")]
import hypervisor  # noqa: E402
from scratch import BUILD, Skip, needs  # noqa: E402


SETTINGS = {"ssh": {}, "agent": {"access": "agent", "address": "127.0.0.1:1", "key-file": None}}


def main():
    missing = hypervisor.missing()
    try:
        needs("hypervisor", missing is None)
    except Skip:
        print(f"1..0 # SKIP needs hypervisor: there is no {missing}")
        return 0
    program = os.path.join(BUILD, "tests", "system", "executor-contract", "test_executor_contract")
    with hypervisor.Hypervisor(["vm-1", "vm-2"]) as machines:
        settings = json.dumps(machines.settings(**SETTINGS[sys.argv[1] if len(sys.argv) > 1 else "ssh"]))
        result = subprocess.run([program, "vm"], env={**os.environ, "CONTRACT_VM_SETTINGS": settings}, check=False).returncode
        if any(machines.state(name) != "shut off" for name in machines.domains):
            print("Bail out! a machine was left on")
            return 1
        return result


if __name__ == "__main__":
    sys.exit(main())
