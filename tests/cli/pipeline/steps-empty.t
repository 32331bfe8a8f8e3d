# At least one step.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: []
$ slipway check
! slipway.yaml:5:12: 'steps' of job 'build' must have 1 to 10240 items, not 0
!         steps: []
!                ^
= 1
