# A step cannot outlive its job.
# schema: accepts: two values are compared
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: 10m
|     steps: [ { run: make, timeout: 11m } ]
$ slipway check
! slipway.yaml:6:36: the timeout of step 1 is longer than that of job 'build'
!         steps: [ { run: make, timeout: 11m } ]
!                                        ^
= 1
