# A value is something.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ "", "a\tb" ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:23: matrix 'arch' must have values of 1 to 256 bytes
!         matrix: { arch: [ "", "a\tb" ] }
!                           ^
! slipway.yaml:5:27: matrix 'arch' must have values without control characters
!         matrix: { arch: [ "", "a\tb" ] }
!                               ^
= 1
