# Names of inputs become variables.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { Dry-Run: { default: x } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:11: an input's name must be 1 to 32 of a-z, 0-9 and '_', the first a letter, not 'Dry-Run'
!     inputs: { Dry-Run: { default: x } }
!               ^
= 1
