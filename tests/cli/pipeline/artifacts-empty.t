# An empty list says nothing.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
|     artifacts: []
$ slipway check
! slipway.yaml:6:16: 'artifacts' must have 1 to 1000 items, not 0
!         artifacts: []
!                    ^
= 1
