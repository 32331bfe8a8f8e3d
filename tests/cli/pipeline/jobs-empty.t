# At least one job.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: {}
$ slipway check
! slipway.yaml:3:7: 'jobs' must have 1 to 10240 members, not 0
!     jobs: {}
!           ^
= 1
