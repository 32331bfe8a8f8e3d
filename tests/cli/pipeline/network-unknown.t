# A network mode that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     network: full
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: 'network' cannot be 'full'; known are: none, open, { allow: [ HOST, … ] }
!         network: full
!                  ^
= 1
