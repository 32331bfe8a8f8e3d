# SPDX-License-Identifier: Apache-2.0
"""A real registry on loopback, an image in it, and a bundle that refers to the image (OCI image and distribution 1.1; the
registry knows no referrers, so they are listed under a tag)."""
import hashlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from scratch import needs, works

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"
START_SECONDS = 20


class Registry:
    def __init__(self, folder, port):
        needs("docker-registry", works("docker-registry", "--version"))
        config = os.path.join(folder, "registry.yml")
        with open(config, "w", encoding="utf-8") as stream:
            stream.write(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
                         f"http: {{addr: 127.0.0.1:{port}}}\n")
        self.host = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.send("GET", f"http://{self.host}/v2/")
            except urllib.error.URLError:
                assert time.monotonic() < end and self.process.poll() is None, "the registry does not start"
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def send(self, method, url, data=None, kind="application/octet-stream"):
        request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers

    def blob(self, name, data, kind):
        """Pushes a blob. Returns: its descriptor."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        place = self.send("POST", f"http://{self.host}/v2/{name}/blobs/uploads/", b"")["Location"]
        self.send("PUT", place + ("&" if "?" in place else "?") + "digest=" + digest, data)
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def manifest(self, name, manifest, tag=None):
        data = json.dumps(manifest).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.send("PUT", f"http://{self.host}/v2/{name}/manifests/{tag or digest}", data, manifest["mediaType"])
        return {"mediaType": manifest["mediaType"], "digest": digest, "size": len(data)}

    def image(self, name):
        config = self.blob(name, b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
                           "application/vnd.oci.image.config.v1+json")
        return self.manifest(name, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []})

    def refer(self, name, image, bundle, kind):
        """Puts @bundle, a text with a statement of type @kind, beside @image."""
        empty = self.blob(name, b"{}", EMPTY)
        layer = self.blob(name, bundle.encode(), BUNDLE)
        annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": kind}
        entry = self.manifest(name, {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": empty,
                                     "layers": [layer], "subject": image, "annotations": annotations})
        entry.update(artifactType=BUNDLE, annotations=annotations)
        self.manifest(name, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]},
                      image["digest"].replace(":", "-"))
