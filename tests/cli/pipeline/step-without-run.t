# A step runs something.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { name: nothing } ]
$ slipway check
! slipway.yaml:5:14: step 1 of job 'build' has no 'run'
!         steps: [ { name: nothing } ]
!                  ^
= 1
