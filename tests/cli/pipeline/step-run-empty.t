# An empty command is a mistake.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: " " } ]
$ slipway check
! slipway.yaml:5:21: 'run' of step 1 of job 'build' is empty
!         steps: [ { run: " " } ]
!                         ^
= 1
