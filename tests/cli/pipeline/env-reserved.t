# What the engine sets cannot be faked.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { CI: "false", MATRIX_A: x, SLIPWAY_OUT: /tmp, GITHUB_OUTPUT: /tmp/o }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:12: variable 'CI' is set by Slipway and cannot be changed
!         env: { CI: "false", MATRIX_A: x, SLIPWAY_OUT: /tmp, GITHUB_OUTPUT: /tmp/o }
!                ^
! slipway.yaml:5:25: variable 'MATRIX_A' is set by Slipway and cannot be changed
!         env: { CI: "false", MATRIX_A: x, SLIPWAY_OUT: /tmp, GITHUB_OUTPUT: /tmp/o }
!                             ^
! slipway.yaml:5:38: variable 'SLIPWAY_OUT' is set by Slipway and cannot be changed
!         env: { CI: "false", MATRIX_A: x, SLIPWAY_OUT: /tmp, GITHUB_OUTPUT: /tmp/o }
!                                          ^
! slipway.yaml:5:57: variable 'GITHUB_OUTPUT' is set by Slipway and cannot be changed
!         env: { CI: "false", MATRIX_A: x, SLIPWAY_OUT: /tmp, GITHUB_OUTPUT: /tmp/o }
!                                                             ^
= 1
