# A value that was forgotten is not an empty one.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { A: }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:12: variable 'A' must be text, not nothing
!         env: { A: }
!                ^
= 1
