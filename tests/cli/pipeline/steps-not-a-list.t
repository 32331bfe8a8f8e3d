# Steps have an order.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: { run: make }
$ slipway check
! slipway.yaml:5:12: 'steps' of job 'build' must be a list, not a map
!         steps: { run: make }
!                ^
= 1
