# Two cells that cannot be told apart.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { include: [ { arch: amd64 }, { arch: amd64 } ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:13: the matrix has the cell (arch=amd64) twice
!         matrix: { include: [ { arch: amd64 }, { arch: amd64 } ] }
!                 ^
= 1
