# YAML would let the second one win in silence.
# schema: n/a: not strict YAML
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
|     timeout: 1m
|     timeout: 2m
$ slipway check
! slipway.yaml:7:5: duplicate key 'timeout'
!         timeout: 2m
!         ^
= 1
