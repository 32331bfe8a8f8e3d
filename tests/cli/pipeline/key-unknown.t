# An unknown key names the nearest one.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| job:
|   build: { steps: [ { run: make } ] }
$ slipway check
! slipway.yaml:1:1: the file has no 'jobs'
!     slipway: 1
!     ^
! slipway.yaml:3:1: unknown key 'job' in the file; did you mean 'jobs'?
!     job:
!     ^
= 1
