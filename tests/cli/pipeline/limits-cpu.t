# The share of CPU is in per cent.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     limits: { cpu: 2, processes: 0 }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:20: 'cpu' must be 1% to 102400%, 100% for one core, not '2'
!         limits: { cpu: 2, processes: 0 }
!                        ^
! slipway.yaml:5:34: 'processes' must be a whole number from 1 to 1000000
!         limits: { cpu: 2, processes: 0 }
!                                      ^
= 1
