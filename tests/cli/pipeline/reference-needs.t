# Outputs come from jobs one needs, that declare them, and that run once.
# schema: accepts: a schema does not look into text
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   one: { steps: [ { run: x } ], outputs: [ v ] }
|   many: { matrix: { a: [ 1, 2 ] }, steps: [ { run: x } ], outputs: [ v ] }
|   use:
|     needs: [ many, one ]
|     env:
|       A: ${needs.other.v}
|       B: ${needs.one.w}
|       C: ${needs.many.v}
|       D: ${needs.one}
|       E: ${needs.one.v}
|     steps: [ { run: x } ]
|     artifacts: [ "a-${needs.one.v}" ]
$ slipway check
! slipway.yaml:9:12: '${needs.other.v}': 'other' is not in 'needs' of job 'use'
!           A: ${needs.other.v}
!                ^
! slipway.yaml:10:12: '${needs.one.w}': job 'one' has no output 'w'
!           B: ${needs.one.w}
!                ^
! slipway.yaml:11:12: '${needs.many.v}': job 'many' has a matrix, so it has many outputs
!           C: ${needs.many.v}
!                ^
! slipway.yaml:12:12: '${needs.one}' cannot be used here: write '${needs.JOB.OUTPUT}'
!           D: ${needs.one}
!                ^
! slipway.yaml:15:23: '${needs.one.v}' cannot be used here: artifacts are fixed before the run
!         artifacts: [ "a-${needs.one.v}" ]
!                           ^
= 1
