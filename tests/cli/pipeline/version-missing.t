# The first line says how to read the rest.
# schema: refuses
file slipway.yaml
| project: demo
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:1:1: the first line must be 'slipway: 1'
!     project: demo
!     ^
= 1
