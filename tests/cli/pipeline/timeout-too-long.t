# A week is enough.
# schema: accepts: hours, minutes and seconds are added up
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: 169h
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: 'timeout' must be more than nothing and at most 168h
!         timeout: 169h
!                  ^
= 1
