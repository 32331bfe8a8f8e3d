# Variables have names.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: [ A=b ]
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:10: 'env' of job 'build' must be a map, not a list
!         env: [ A=b ]
!              ^
= 1
