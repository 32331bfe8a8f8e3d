# Exit codes that can be.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     retry: { exit-codes: [0, 75, 75, 256, x], max: 1 }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:27: an exit code must be a whole number from 1 to 255
!         retry: { exit-codes: [0, 75, 75, 256, x], max: 1 }
!                               ^
! slipway.yaml:5:34: exit code 75 is there twice
!         retry: { exit-codes: [0, 75, 75, 256, x], max: 1 }
!                                      ^
! slipway.yaml:5:38: an exit code must be a whole number from 1 to 255
!         retry: { exit-codes: [0, 75, 75, 256, x], max: 1 }
!                                          ^
! slipway.yaml:5:43: an exit code must be a whole number from 1 to 255
!         retry: { exit-codes: [0, 75, 75, 256, x], max: 1 }
!                                               ^
= 1
