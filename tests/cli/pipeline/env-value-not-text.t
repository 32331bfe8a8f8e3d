# A value is text.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { A: [ b ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:15: variable 'A' must be text, not a list
!         env: { A: [ b ] }
!                   ^
= 1
