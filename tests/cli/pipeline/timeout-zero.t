# No time at all.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: 0s
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: 'timeout' must be more than nothing and at most 168h
!         timeout: 0s
!                  ^
= 1
