# A text is no truth.
# schema: accepts: expressions are only text to a schema
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: branch
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:11: 'when' of job 'build': a truth is needed here, not a text; compare it with '==', '=~' or 'in'
!         when: branch
!               ^
= 1
