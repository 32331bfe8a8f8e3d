# A job cannot wait for itself.
# schema: accepts: needs are compared with the names of jobs
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     needs: [ build ]
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: job 'build' needs itself
!         needs: [ build ]
!                  ^
= 1
