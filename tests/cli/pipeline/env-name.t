# A name a shell could not read.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { MY-VAR: x, 1A: y }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:12: a variable's name 'MY-VAR' must be 1 to 64 letters, digits and '_', the first no digit
!         env: { MY-VAR: x, 1A: y }
!                ^
! slipway.yaml:5:23: a variable's name '1A' must be 1 to 64 letters, digits and '_', the first no digit
!         env: { MY-VAR: x, 1A: y }
!                           ^
= 1
