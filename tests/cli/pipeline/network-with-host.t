# The host executor isolates nothing, and the file may not say it does.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     executor: host
|     network: none
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:6:14: the host executor of job 'build' cannot keep the network away: only 'open' fits
!         network: none
!                  ^
= 1
