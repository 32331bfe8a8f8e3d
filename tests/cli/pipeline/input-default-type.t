# Defaults that are not of their type.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { n: { type: int, default: many }, b: { type: bool, default: "yes" } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:36: the default 'many' of input 'n' is no int
!     inputs: { n: { type: int, default: many }, b: { type: bool, default: "yes" } }
!                                        ^
! slipway.yaml:3:70: the default 'yes' of input 'b' is no bool
!     ault: many }, b: { type: bool, default: "yes" } }
!                                             ^
= 1
