# A job is a map.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: make }
$ slipway check
! slipway.yaml:3:16: job 'build' must be a map, not text
!     jobs: { build: make }
!                    ^
= 1
