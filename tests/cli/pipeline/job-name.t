# The name of a job.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { Build it: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:9: a job's name 'Build it' must be 1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit
!     jobs: { Build it: { steps: [ { run: make } ] } }
!             ^
= 1
