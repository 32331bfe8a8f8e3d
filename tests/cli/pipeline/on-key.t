# A filter that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| on: { branch: main }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:7: unknown key 'branch' in 'on'; did you mean 'branches'?
!     on: { branch: main }
!           ^
= 1
