# A file without a project.
# schema: refuses
file slipway.yaml
| slipway: 1
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:1:1: the file has no 'project'
!     slipway: 1
!     ^
= 1
