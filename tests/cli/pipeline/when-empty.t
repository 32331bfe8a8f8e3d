# An empty condition says nothing.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: {}
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:11: 'when' of job 'build' must have 1 to 4 members, not 0
!         when: {}
!               ^
= 1
