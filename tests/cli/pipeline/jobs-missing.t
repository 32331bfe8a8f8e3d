# A file without jobs.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
$ slipway check
! slipway.yaml:1:1: the file has no 'jobs'
!     slipway: 1
!     ^
= 1
