# Choices where the type has none, and none where it must.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { n: { type: int, choices: [ a ] }, c: { type: choice } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:36: input 'n' of type 'int' has no choices
!     inputs: { n: { type: int, choices: [ a ] }, c: { type: choice } }
!                                        ^
! slipway.yaml:3:45: input 'c' of type 'choice' needs 'choices'
!     inputs: { n: { type: int, choices: [ a ] }, c: { type: choice } }
!                                                 ^
= 1
