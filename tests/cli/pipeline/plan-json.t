# The whole plan of a small file as JSON: these fields stay.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| streams: { main: { tag: "v{version}", assets: [ "*" ] } }
| jobs:
|   test: { needs: [ build ], when: { event: push }, steps: [ { run: [ make, check ] } ] }
|   build:
|     matrix: { arch: [ amd64 ] }
|     env: { A: "${matrix.arch} ${version}" }
|     retry: { exit-codes: [ 75 ], max: 1 }
|     steps: [ { run: make, timeout: 10s } ]
|     artifacts: [ "demo-${version}.tar" ]
$ slipway plan --tag v1.0.0 --commit 0123456789012345678901234567890123456789 --json
> {
>   "project": "demo",
>   "pipeline": "sha256:1f949c9f8343fb5df56a3050131ddf164973a1b1ae7d080a198851f49b84ff86",
>   "event": {
>     "kind": "tag",
>     "ref": "refs/tags/v1.0.0",
>     "branch": null,
>     "tag": "v1.0.0",
>     "commit": "0123456789012345678901234567890123456789",
>     "stream": "main",
>     "version": "1.0.0",
>     "changedKnown": false,
>     "inputs": {}
>   },
>   "jobs": [
>     {
>       "id": "build (arch=amd64)",
>       "job": "build",
>       "matrix": {
>         "arch": "amd64"
>       },
>       "skipped": false,
>       "why": null,
>       "when": null,
>       "needs": [],
>       "executor": "sandbox",
>       "labels": {},
>       "secrets": [],
>       "root": null,
>       "network": {
>         "mode": "none",
>         "allow": []
>       },
>       "timeoutMs": 3600000,
>       "retry": {
>         "exitCodes": [
>           75
>         ],
>         "max": 1
>       },
>       "limits": {
>         "memoryBytes": null,
>         "processes": null,
>         "fileSizeBytes": null,
>         "outputBytes": null,
>         "cpuPercent": null
>       },
>       "env": {
>         "MATRIX_ARCH": "amd64",
>         "A": "amd64 1.0.0"
>       },
>       "steps": [
>         {
>           "name": "make",
>           "run": "make",
>           "env": {},
>           "timeoutMs": 10000,
>           "always": false
>         }
>       ],
>       "artifacts": [
>         "demo-1.0.0.tar"
>       ],
>       "outputs": []
>     },
>     {
>       "id": "test",
>       "job": "test",
>       "matrix": {},
>       "skipped": true,
>       "why": "event is 'tag', not \"push\"",
>       "when": "event in [\"push\"]",
>       "needs": [
>         "build (arch=amd64)"
>       ],
>       "executor": "sandbox",
>       "labels": {},
>       "secrets": [],
>       "root": null,
>       "network": {
>         "mode": "none",
>         "allow": []
>       },
>       "timeoutMs": 3600000,
>       "retry": null,
>       "limits": {
>         "memoryBytes": null,
>         "processes": null,
>         "fileSizeBytes": null,
>         "outputBytes": null,
>         "cpuPercent": null
>       },
>       "env": {},
>       "steps": [
>         {
>           "name": "make check",
>           "run": [
>             "make",
>             "check"
>           ],
>           "env": {},
>           "timeoutMs": null,
>           "always": false
>         }
>       ],
>       "artifacts": [],
>       "outputs": []
>     }
>   ],
>   "skipped": 1
> }
