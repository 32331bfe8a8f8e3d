# Conditions are a map or an expression.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: [ push ]
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:11: 'when' of job 'build' must be a map or an expression, not a list
!         when: [ push ]
!               ^
= 1
