# An argument vector begins with a program.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: ["", x] }, { run: [] } ]
$ slipway check
! slipway.yaml:5:22: 'run' of step 1 of job 'build' names no program
!         steps: [ { run: ["", x] }, { run: [] } ]
!                          ^
! slipway.yaml:5:39: 'run' of step 2 of job 'build' must have 1 to 1000 items, not 0
!         steps: [ { run: ["", x] }, { run: [] } ]
!                                           ^
= 1
