# Retrying has a limit.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     retry: { exit-codes: [75], max: 11 }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:37: 'max' must be a whole number from 1 to 10
!         retry: { exit-codes: [75], max: 11 }
!                                         ^
= 1
