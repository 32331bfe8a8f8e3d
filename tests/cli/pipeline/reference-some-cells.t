# A value that only some cells have.
# schema: accepts: a schema does not look into text
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64, arm64 ], include: [ { arch: amd64, fast: 1 } ] }
|     env: { A: "${matrix.fast}" }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:6:18: '${matrix.fast}' means nothing here; known are: event, ref, branch, tag, commit, project, stream, version, matrix.arch
!         env: { A: "${matrix.fast}" }
!                      ^
= 1
