# Everything excluded.
# schema: accepts: cells are counted
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64 ], exclude: [ { arch: amd64 } ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:13: the matrix has no cell left
!         matrix: { arch: [ amd64 ], exclude: [ { arch: amd64 } ] }
!                 ^
= 1
