# Names are what facts.md allows.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: My Project
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:2:10: 'project' 'My Project' must be 1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit
!     project: My Project
!              ^
= 1
