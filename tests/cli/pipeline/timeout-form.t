# Times carry units.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: 10
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: 'timeout' must be a time like '90s', '10m' or '1h30m', not '10'
!         timeout: 10
!                  ^
= 1
