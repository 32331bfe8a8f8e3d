# Jobs have names.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: [ { steps: [ { run: make } ] } ]
$ slipway check
! slipway.yaml:3:7: 'jobs' must be a map, not a list
!     jobs: [ { steps: [ { run: make } ] } ]
!           ^
= 1
