# An exclude that takes nothing away is a typing error.
# schema: accepts: excludes are compared with values
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64, arm64 ], exclude: [ { arch: amr64 } ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:50: this 'exclude' takes away no cell
!         matrix: { arch: [ amd64, arm64 ], exclude: [ { arch: amr64 } ] }
!                                                      ^
= 1
