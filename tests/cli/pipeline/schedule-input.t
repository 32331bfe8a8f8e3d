# A schedule gives what is no input, and leaves out what must be given.
# schema: accepts: two values are compared
file slipway.yaml
| slipway: 1
| project: demo
| schedules: [ { cron: "0 0 * * *", inputs: { x: 1 } }, { cron: "@daily" } ]
| inputs: { level: { description: must be given } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:45: there is no input 'x'
!     schedules: [ { cron: "0 0 * * *", inputs: { x: 1 } }, { cron: "@daily" } ]
!                                                 ^
! slipway.yaml:3:55: schedule 2 must give input 'level', which has no default
!     schedules: [ { cron: "0 0 * * *", inputs: { x: 1 } }, { cron: "@daily" } ]
!                                                           ^
= 1
