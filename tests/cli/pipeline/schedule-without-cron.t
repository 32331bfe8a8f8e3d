# A schedule without a time.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| schedules: [ { reason: nightly } ]
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:14: schedule 1 has no 'cron'
!     schedules: [ { reason: nightly } ]
!                  ^
= 1
