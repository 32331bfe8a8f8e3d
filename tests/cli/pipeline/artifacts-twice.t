# The same glob twice is a mistake.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
|     artifacts: [ a, a ]
$ slipway check
! slipway.yaml:6:21: 'artifacts' 'a' is there twice
!         artifacts: [ a, a ]
!                         ^
= 1
