# A label file outside the repository.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { executor: vm, labels: { qubes: { file: ../version } }, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:57: 'file' '../version' must be a path inside the repository, without '.', '..' and empty parts
!     jobs: { build: { executor: vm, labels: { qubes: { file: ../version } }, steps: [ { run: make } ] } }
!                                                             ^
= 1
