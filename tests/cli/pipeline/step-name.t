# The name of a step is one line.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make, name: "" }, { run: make, name: "a\nb" } ]
$ slipway check
! slipway.yaml:5:33: 'name' of step 1 of job 'build' must be one line that is not empty
!         steps: [ { run: make, name: "" }, { run: make, name: "a\nb" } ]
!                                     ^
! slipway.yaml:5:58: 'name' of step 2 of job 'build' must be one line that is not empty
!         steps: [ { run: make, name: "" }, { run: make, name: "a\nb" } ]
!                                                              ^
= 1
