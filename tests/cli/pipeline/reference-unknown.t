# A ${…} that means nothing.
# schema: accepts: a schema does not look into text
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64 ] }
|     env: { A: "x-${matrix.arhc}" }
|     steps: [ { run: make } ]
|     artifacts: [ "out-${arch}" ]
$ slipway check
! slipway.yaml:6:20: '${matrix.arhc}' means nothing here; did you mean 'matrix.arch'?
!         env: { A: "x-${matrix.arhc}" }
!                        ^
! slipway.yaml:8:25: '${arch}' means nothing here; known are: event, ref, branch, tag, commit, project, stream, version, matrix.arch
!         artifacts: [ "out-${arch}" ]
!                             ^
= 1
